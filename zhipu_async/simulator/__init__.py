"""The local platform: answers every endpoint on loopback; shares nothing with the client."""
