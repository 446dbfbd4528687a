"""`python -m deploy` is the `weiran` command."""

import sys

from deploy.cli import main

sys.exit(main())
