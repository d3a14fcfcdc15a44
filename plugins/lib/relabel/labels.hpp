// A set of labels while rules change it. Names and values are views: of the caller's texts, or of those that rules made, which live
// here.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarsier::relabel {

using Label = std::pair<std::string_view, std::string_view>;

class Labels {
 public:
  /// Forgets the labels and the texts that were made for them.
  void clear();

  /// A label of the set before any rule. Names are unique and come in order; texts outlive their use here. An empty value is no
  /// label.
  void begin_with(std::string_view name, std::string_view value);

  /// "" when there is none.
  std::string_view get(std::string_view name) const;
  /// An empty value takes the label away.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name) { remove_at(find(name)); }
  /// Keeps a text for as long as the set is not cleared.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  /// What was there before, then what was set, each in its order: where labelmap maps two labels to one name, the later wins.
  std::span<const Label> all() const noexcept { return labels_; }

 private:
  size_t find(std::string_view name) const;  // as many as there are: none
  void remove_at(size_t at);

  std::vector<Label> labels_;
  size_t untouched_ = 0;  // so many of the first have not been set since
  std::deque<std::string> texts_;
};

}  // namespace tarsier::relabel
