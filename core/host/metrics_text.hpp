// MetricsText: writes metrics in the text format 0.0.4, family by family, for what the host reads from its rooms when it is asked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tarsier::host {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family; its samples follow.
  void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
  void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
  void histogram(std::string_view name, std::string_view help) { family(name, help, "histogram"); }
  /// Of the family that was begun last; `suffix` is "_bucket", "_sum", "_count" of a histogram.
  void sample(Labels labels, double value, std::string_view suffix = {});
  void sample(Labels labels, uint64_t value, std::string_view suffix = {}) { sample(labels, static_cast<double>(value), suffix); }

  const std::string& text() const noexcept { return text_; }

 private:
  void family(std::string_view name, std::string_view help, std::string_view type);
  std::string text_;
  std::string name_;
};

}  // namespace tarsier::host
