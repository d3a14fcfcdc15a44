// Filters on RE2, which has no patterns that run away.
#include "plugins/collect/node/filter.hpp"

#include <re2/re2.h>

namespace tarsier::node {

Filter::Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::open(const std::string& pattern) {
  Filter filter;
  if (pattern.empty()) return filter;
  filter.pattern_ = std::make_unique<re2::RE2>(pattern, re2::RE2::Quiet);
  if (!filter.pattern_->ok()) return Error::invalid("regular expression '" + pattern + "': " + filter.pattern_->error());
  return filter;
}

bool Filter::matches(std::string_view name) {
  if (!pattern_) return false;
  if (const auto found = verdicts_.find(name); found != verdicts_.end()) return found->second;
  constexpr size_t kRemembered = 4096;
  if (verdicts_.size() >= kRemembered) verdicts_.clear();
  const bool verdict = re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *pattern_);
  verdicts_.emplace(name, verdict);
  return verdict;
}

}  // namespace tarsier::node
