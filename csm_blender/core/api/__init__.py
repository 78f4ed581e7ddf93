# SPDX-License-Identifier: GPL-3.0-or-later
"""The CSM API over HTTP: requests, downloads, and what a session's answer means."""
