/** Set up for tests that act on a real API server, Docker and CRIU: their own waits have deadlines, jest's comes last. */
jest.setTimeout(180_000);
