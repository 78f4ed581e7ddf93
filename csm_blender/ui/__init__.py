# SPDX-License-Identifier: GPL-3.0-or-later
"""The user interface: preferences, operators, panels, overlay, status bar. The work is done in ``scene``."""
