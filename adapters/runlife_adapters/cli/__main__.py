"""``python -m runlife_adapters.cli`` is ``runlife``."""

from runlife_adapters.cli import main

if __name__ == "__main__":
    main()
