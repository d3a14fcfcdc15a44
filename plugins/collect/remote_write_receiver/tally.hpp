// Tally: what of a request goes on to the store, and what was refused before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarsier::remote_write {

struct Tally {
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  uint64_t refused = 0;
  std::string reasons = {};  // of the first few, for the sender

  /// `count` parts of `series`, its labels as text.
  void refuse(uint64_t count, std::string_view why, std::string_view series);
  /// "" when nothing was refused.
  std::string text() const;
};

}  // namespace tarsier::remote_write
