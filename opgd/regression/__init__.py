"""Beyond the sequence model: kernel regression on the torus, with learned eigenvalues."""
