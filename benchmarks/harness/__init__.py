"""What all questions rest on: the server, the contenders' processes, the turns, the table, the page."""
