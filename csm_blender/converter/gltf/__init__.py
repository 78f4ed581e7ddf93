# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a GLB before Blender imports it, and the import with its refusals in plain words."""
