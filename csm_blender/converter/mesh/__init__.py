# SPDX-License-Identifier: GPL-3.0-or-later
"""One mesh in Blender: transformed, rid of what is no surface, looked over."""
