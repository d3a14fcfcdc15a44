#include "core/config/nearest.hpp"

#include <algorithm>
#include <vector>

namespace tarsier::config {
namespace {

constexpr size_t kMaxCompared = 64;  // longer names are no misspellings of ours
constexpr size_t kMaxListed = 10;

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The only one of `known` that has the words of `wanted` at its beginning or end: "job_name" for "name". "" when there are
/// several.
std::string holder(std::string_view wanted, std::span<const std::string> known) {
  const std::string first = std::string(wanted) + '_', last = '_' + std::string(wanted);
  std::string found;
  for (const std::string& candidate : known) {
    const std::string text = folded(candidate);
    if (!text.starts_with(first) && !text.ends_with(last)) continue;
    if (!found.empty()) return {};
    found = candidate;
  }
  return found;
}

}  // namespace

size_t edit_distance(std::string_view left, std::string_view right) {
  const size_t width = right.size() + 1;
  std::vector<size_t> before(width), above(width), row(width);
  for (size_t j = 0; j < width; ++j) above[j] = j;
  for (size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j < width; ++j) {
      const size_t change = left[i - 1] == right[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[right.size()];
}

std::string nearest(std::string_view name, std::span<const std::string> known) {
  if (name.size() > kMaxCompared) return {};
  const std::string wanted = folded(name);
  const size_t limit = std::max<size_t>(1, (name.size() + 1) / 3);
  size_t best_distance = limit + 1;
  std::string best;
  for (const std::string& candidate : known) {
    const size_t distance = candidate.size() > kMaxCompared ? best_distance : edit_distance(wanted, folded(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() && !wanted.empty() ? holder(wanted, known) : best;
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  const std::string close = nearest(name, known);
  if (!close.empty()) return "; did you mean \"" + close + "\"?";
  const size_t listed = std::min(known.size(), kMaxListed);
  std::string list;
  for (const std::string& candidate : known.first(listed)) list += (list.empty() ? "; known here: " : ", ") + candidate;
  if (known.size() > listed) list += " and " + std::to_string(known.size() - listed) + " more";
  return list;
}

}  // namespace tarsier::config
