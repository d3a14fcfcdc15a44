// The wording of refusals.
#include "plugins/collect/remote_write_receiver/tally.hpp"

namespace tarsier::remote_write {
namespace {
constexpr size_t kMaxReasons = 1024;  // bytes
constexpr size_t kMaxSeriesText = 256;
}  // namespace

void Tally::refuse(uint64_t count, std::string_view why, std::string_view series) {
  refused += count;
  if (reasons.size() > kMaxReasons) return;
  reasons.append(reasons.empty() ? "" : "; ").append(why).append(": ").append(series.substr(0, kMaxSeriesText));
}

std::string Tally::text() const {
  if (refused == 0) return {};
  return std::to_string(refused) + " samples or exemplars refused: " + reasons;
}

}  // namespace tarsier::remote_write
