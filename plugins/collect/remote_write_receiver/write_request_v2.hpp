// Remote write 2.0: the message io.prometheus.write.v2.Request, with a table of symbols.
#pragma once

#include "plugins/collect/remote_write_receiver/workspace.hpp"

namespace tarsier::remote_write {

/// As read_write_request(). Start timestamps are those of the sample, else the series' created timestamp.
Result<void> read_request_v2(protobuf::Bytes message, Workspace& workspace, Tally& tally);

}  // namespace tarsier::remote_write
