# SPDX-License-Identifier: GPL-3.0-or-later
"""Small tools over ``bpy`` that know nothing of jobs."""
