#include "plugins/lib/relabel/labels.hpp"

#include <algorithm>

namespace tarsier::relabel {

void Labels::clear() {
  labels_.clear();
  untouched_ = 0;
  texts_.clear();
}

void Labels::begin_with(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  labels_.emplace_back(name, value);
  untouched_ = labels_.size();
}

size_t Labels::find(std::string_view name) const {
  const auto found = std::find_if(labels_.begin(), labels_.end(), [&](const Label& label) { return label.first == name; });
  return static_cast<size_t>(found - labels_.begin());
}

std::string_view Labels::get(std::string_view name) const {
  const size_t at = find(name);
  return at == labels_.size() ? std::string_view{} : labels_[at].second;
}

void Labels::set(std::string_view name, std::string_view value) {
  if (value.empty()) return remove(name);
  const size_t at = find(name);
  if (at < labels_.size() && at >= untouched_) {
    labels_[at].second = value;
    return;
  }
  remove_at(at);
  labels_.emplace_back(name, value);
}

void Labels::remove_at(size_t at) {
  if (at == labels_.size()) return;
  labels_.erase(labels_.begin() + static_cast<std::ptrdiff_t>(at));
  if (at < untouched_) --untouched_;
}

}  // namespace tarsier::relabel
