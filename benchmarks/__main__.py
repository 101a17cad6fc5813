"""The command line of the benchmarks."""

from benchmarks.harness.run import main

raise SystemExit(main())
