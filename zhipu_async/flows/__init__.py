"""What waits: the retry loop, streams, tasks, bulk work, realtime."""
