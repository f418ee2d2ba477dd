//! Moves bytes between agents over QUIC.
