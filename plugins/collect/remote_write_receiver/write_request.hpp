// Remote write 1.0: the message prometheus.WriteRequest.
#pragma once

#include "plugins/collect/remote_write_receiver/workspace.hpp"

namespace tarsier::remote_write {

/// TARSIER_SERIES_* of the number that both versions have for it.
uint32_t series_type(uint64_t metric_type) noexcept;

/// `set` as {name="value", ...}, for messages.
std::string series_text(std::span<const uint8_t> set);

/// Fills the workspace's builder, which is empty. INVALID: malformed protobuf, nothing of it is to be used. Single series, samples
/// and exemplars that are not good are refused in the tally.
Result<void> read_write_request(protobuf::Bytes message, Workspace& workspace, Tally& tally);

}  // namespace tarsier::remote_write
