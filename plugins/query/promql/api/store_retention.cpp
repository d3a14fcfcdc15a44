#include "plugins/query/promql/api/store_retention.hpp"

#include <array>
#include <string_view>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {

Result<std::optional<StoreRetention>> StoreRetention::of(const tarsier_samples_store& store) {
  if (!TARSIER_HAS(&store, retention) || store.retention == nullptr) return std::optional<StoreRetention>();
  tarsier_store_retention told{};
  told.size = sizeof(told);
  tarsier_error error = empty_error();
  if (const tarsier_status status = store.retention(store.self, &told, &error); status != TARSIER_OK)
    return Error::from_c(status, error);
  return std::optional(StoreRetention{told.time_ns, told.bytes});
}

std::string StoreRetention::time_text() const { return write_duration(time_ns); }

std::string StoreRetention::size_text() const {
  constexpr std::array<std::string_view, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  constexpr unsigned kBits = 10;  // from one to the next
  std::string text;
  for (size_t unit = kUnits.size(); unit-- > 0;) {
    const uint64_t scaled = bytes >> (kBits * unit);
    const uint64_t count = unit + 1 == kUnits.size() ? scaled : scaled & ((1U << kBits) - 1);
    if (count != 0) text.append(std::to_string(count)).append(kUnits[unit]);
  }
  return text.empty() ? "0B" : text;
}

std::string StoreRetention::text() const {
  std::string text = time_ns == 0 ? "" : time_text();
  if (bytes != 0) text.append(text.empty() ? "" : " or ").append(size_text());
  return text;
}

}  // namespace tarsier::promql
