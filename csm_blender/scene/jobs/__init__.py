# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the open file: planning, records for the panel, regular updates, placing of results, previews."""
