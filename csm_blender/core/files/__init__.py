# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are read or kept: meshes, jobs files, asset catalogs, copies of previews and session lists."""
