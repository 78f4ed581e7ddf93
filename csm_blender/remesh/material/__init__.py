# SPDX-License-Identifier: GPL-3.0-or-later
"""What the materials of a mesh say at places on it, as numbers."""
