"""The parts of `tunebook auto`: state, candidates, clock, race, baselines, proof, and the luck of choosing."""
