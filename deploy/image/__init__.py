"""One container image build for all services."""
