//! gary.toml and the command line's workload flags become one checked workload description.
