// Position: a place in the queue. Everything that one shard has to send lies in a row along it.
#pragma once

#include <compare>
#include <cstdint>

namespace tarsier::forward {

/// The next part to be sent: of the batch `sequence` its series `series`, and of that the sample or exemplar `row`, exemplars
/// behind samples.
struct Position {
  uint64_t sequence = 0;
  uint32_t series = 0;
  uint32_t row = 0;

  auto operator<=>(const Position&) const = default;
};

/// Behind everything.
inline constexpr Position kNowhere = {UINT64_MAX, UINT32_MAX, UINT32_MAX};

}  // namespace tarsier::forward
