# SPDX-License-Identifier: GPL-3.0-or-later
"""Many machines: a plan of jobs in a shared folder, and the folder of each job, which several workers may meet in."""
