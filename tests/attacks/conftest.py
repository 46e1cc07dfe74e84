"""What attacks need: an app that runs, with a survey that people take part in."""

from tests.unit.demo.conftest import demo_folder, serve_demo

__all__ = ["demo_folder", "serve_demo"]
