# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as services and exporters deliver them, each with what has to become of it: docs/deliveries.md."""
