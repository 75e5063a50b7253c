"""The promise: a source that lost most of its files counts as an archive only when the operator says it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


def test_a_collapsed_source_counts_only_when_the_operator_accepts_it(troubled: TroubledClient) -> None:
    troubled.machine.exec("sh", "-c", "cd /srv/many && rm -f [123]*")

    troubled.assert_failed(troubled.run(), "collapsed", "shrank from 45 to 15 files", "--accept-shrink")

    troubled.recovers("--accept-shrink")
    troubled.renew()
    troubled.recovers()
