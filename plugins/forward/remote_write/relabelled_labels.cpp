#include "plugins/forward/remote_write/relabelled_labels.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tarsier::forward {
namespace {

constexpr size_t kCostOfOne = 200;  // beside its texts
constexpr size_t kCostOfLabel = sizeof(batch::Label);

/// Sizes stand before the texts: no two sets of labels have the same key.
void append_key(std::string& key, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  char raw[sizeof(size)];
  std::memcpy(raw, &size, sizeof(size));
  key.append(raw, sizeof(size)).append(text);
}

}  // namespace

const RelabelledLabels::Outcome& RelabelledLabels::of(std::span<const batch::Label> own, std::span<const batch::Label> external) {
  key_.clear();
  for (const auto& [name, value] : own) append_key(key_, name), append_key(key_, value);
  if (const auto found = young_.find(key_); found != young_.end()) return found->second.outcome;
  if (const auto found = old_.find(key_); found != old_.end()) {
    auto node = old_.extract(found);
    return remember(std::move(node.key()), std::move(node.mapped())).outcome;
  }
  return remember(key_, apply(own, external)).outcome;
}

const RelabelledLabels::Known& RelabelledLabels::remember(std::string key, Known known) {
  if (young_bytes_ > max_bytes_ / 2) {
    old_ = std::exchange(young_, {});
    young_bytes_ = 0;
  }
  young_bytes_ += kCostOfOne + key.size() + known.texts.size() + known.outcome.labels.size() * kCostOfLabel;
  return young_.emplace(std::move(key), std::move(known)).first->second;
}

RelabelledLabels::Known RelabelledLabels::apply(std::span<const batch::Label> own, std::span<const batch::Label> external) {
  labels_.clear();
  for (const auto& [name, value] : own) labels_.begin_with(name, value);
  for (const auto& [name, value] : external)
    if (labels_.get(name).empty()) labels_.set(name, value);
  Known known;
  known.outcome.dropped = !relabel::apply_all(rules_, labels_);
  if (known.outcome.dropped) return known;
  std::vector<relabel::Label> made(labels_.all().begin(), labels_.all().end());
  // labelmap can make a name of nothing, which no receiver takes.
  if (std::ranges::any_of(made, [](const relabel::Label& label) { return label.first.empty(); })) return known;
  std::ranges::sort(made);
  size_t size = 0;
  for (const auto& [name, value] : made) size += name.size() + value.size();
  known.texts.reserve(std::max<size_t>(size, sizeof(std::string)));  // on the heap: views stay valid when the string is moved
  const auto keep = [&](std::string_view text) {
    const size_t begin = known.texts.size();
    known.texts.append(text);
    return std::string_view(known.texts).substr(begin);
  };
  for (const auto& [name, value] : made) {
    const std::string_view kept_name = keep(name);
    known.outcome.labels.emplace_back(kept_name, keep(value));
  }
  return known;
}

}  // namespace tarsier::forward
