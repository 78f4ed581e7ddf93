# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees and presses: preferences, operators, panel, status bar. The work is done in ``scene``."""
