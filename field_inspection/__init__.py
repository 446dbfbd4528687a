"""Site inspection: pictures in, findings out; hazards, advice and rectification."""
