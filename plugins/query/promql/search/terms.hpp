// Terms: what is searched for. A name is found when it fits any of them, with the score of the best.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::promql::search {

enum class Likeness : uint8_t { kSubsequence, kJaroWinkler };

struct Taste {
  Likeness likeness = Likeness::kSubsequence;
  double least = 0;  // the score that is wanted at least; at 0 Jaro-Winkler is not asked
  bool case_sensitive = true;
};

class Terms {
 public:
  /// A longer term is none that somebody types; and each of its characters is compared with each of a name.
  static constexpr size_t kMaxBytes = 256;
  static constexpr size_t kMaxCount = 32;
  /// Of a longer name only the beginning is compared, so that the time for one is bounded.
  static constexpr size_t kComparedCharacters = 1024;

  /// Empty terms are left out.
  Terms(const std::vector<std::string_view>& terms, const Taste& taste);
  /// None when it fits no term; 1 when there is no term.
  std::optional<double> score(std::string_view name) const;

 private:
  double score(const std::u32string& term, std::u32string_view name) const;

  const Taste taste_;
  std::vector<std::u32string> terms_;
};

}  // namespace tarsier::promql::search
