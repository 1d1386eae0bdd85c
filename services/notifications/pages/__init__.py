"""The inbox and the stories of cases as pages."""
