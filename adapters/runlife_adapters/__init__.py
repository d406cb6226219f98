"""Everything that touches the world: the fake, its HTTP server, the real API, the driver, the testing kit."""
