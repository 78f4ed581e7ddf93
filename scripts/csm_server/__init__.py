# SPDX-License-Identifier: GPL-3.0-or-later
"""A small service that speaks CSM's documented session API on one's own machine.

It refines meshes with the local engine of CSM Refine, which is mesh processing in Blender. It is neither CSM's
generative model nor the cloud. Start it with ``python scripts/csm_server``; other programs start it with
:class:`csm_server.launch.LocalService`, which needs nothing beyond the standard library.
"""

__version__ = "1.0.0"
