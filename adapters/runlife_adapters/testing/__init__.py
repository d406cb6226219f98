"""The fake in your tests: pytest fixtures, and the same without pytest.

:mod:`runlife_adapters.testing.plugin` is the pytest plugin, found by pytest itself once runlife is
installed; :class:`runlife_adapters.testing.fake.FakeOpenAI` is what its fixtures give, for any other
way to run tests. This package imports neither: the plugin is loaded in every run of pytest, also in
those that have nothing to do with Runs, and must cost them nothing.
"""
