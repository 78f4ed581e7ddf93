# SPDX-License-Identifier: GPL-3.0-or-later
"""All jobs of this computer, whichever file they were made in: listed, taken into the open file, removed."""
