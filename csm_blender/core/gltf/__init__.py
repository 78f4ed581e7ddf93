# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF documents: reading and writing their two parts, and leaving out what they do not show."""
