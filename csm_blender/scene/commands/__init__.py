# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators have done: one function for each thing that a user starts or decides."""
