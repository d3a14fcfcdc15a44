#include "plugins/collect/scrape/series_labels.hpp"

#include <algorithm>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::scrape {

Result<bool> SeriesLabels::resolve(std::string_view text, uint32_t type) {
  if (auto parsed = parsed_.parse(text, {}); !parsed) return std::move(parsed).error().in(exposition::quote(text));
  labels_.clear();
  changed_.clear();
  labels_.emplace_back("__name__", parsed_.name());
  for (const exposition::LabelText& label : parsed_.labels()) labels_.emplace_back(label.name, label.value);
  write_bounds(type);
  rename_clashes();
  const size_t of_page = labels_.size();
  for (const auto& [name, value] : options_.target_labels) {
    const bool taken = std::any_of(labels_.begin(), labels_.end(), [&](const batch::Label& label) { return label.first == name; });
    if (!taken) labels_.emplace_back(name, value);
  }
  if (options_.rules.empty()) {
    std::erase_if(labels_, [](const batch::Label& label) { return label.second.empty(); });
  } else if (const auto kept = relabel(of_page); !kept || !*kept) {
    return kept;
  }
  if (options_.legacy_names)
    if (auto checked = check_names(); !checked) return std::move(checked).error();
  if (auto checked = check_limits(); !checked) return std::move(checked).error();
  std::sort(labels_.begin(), labels_.end());
  return true;
}

/// Of the labels, `of_page` are the page's and the others the target's.
Result<bool> SeriesLabels::relabel(size_t of_page) {
  std::sort(labels_.begin(), labels_.begin() + static_cast<std::ptrdiff_t>(of_page));
  relabelled_.clear();
  for (size_t i = 0; i < of_page; ++i) relabelled_.begin_with(labels_[i].first, labels_[i].second);
  for (size_t i = of_page; i < labels_.size(); ++i) relabelled_.set(labels_[i].first, labels_[i].second);
  if (!relabel::apply_all(options_.rules, relabelled_) || relabelled_.all().empty()) return false;
  labels_.assign(relabelled_.all().begin(), relabelled_.all().end());
  if (relabelled_.get("__name__").empty()) return Error::invalid("missing metric name (__name__ label)");
  for (const auto& [name, value] : labels_)
    if (name.empty() || !promql::is_utf8(name)) return Error::invalid("invalid metric name or label names: " + promql::quote(name));
  return true;
}

void SeriesLabels::write_bounds(uint32_t type) {
  if (type != TARSIER_SERIES_HISTOGRAM && type != TARSIER_SERIES_SUMMARY) return;
  const std::string_view bound = type == TARSIER_SERIES_HISTOGRAM ? "le" : "quantile";
  for (auto& [name, value] : labels_) {
    double number = 0;
    if (name != bound || !exposition::parse_number(value, number)) continue;
    std::string text;
    exposition::append_open_metrics_number(text, number);
    if (text != value) value = changed_.emplace_back(std::move(text));
  }
}

/// Without honor_labels the target's labels win, and a scraped label of the same name becomes exported_<name>.
void SeriesLabels::rename_clashes() {
  if (options_.honor_labels) return;
  const size_t count = labels_.size();
  for (size_t i = 1; i < count; ++i) {
    if (!options_.target_labels.contains(labels_[i].first)) continue;
    std::string name(labels_[i].first);
    const auto is_taken = [&] {
      return options_.target_labels.contains(name) ||
             std::any_of(labels_.begin(), labels_.end(), [&](const batch::Label& label) { return label.first == name; });
    };
    do {
      name.insert(0, "exported_");
    } while (is_taken());
    labels_[i].first = changed_.emplace_back(std::move(name));
  }
}

Result<void> SeriesLabels::check_names() {
  const auto is_name = [](std::string_view text, bool of_metric) {
    const auto fits = [of_metric](char c) { return exposition::is_name_char(c) && (of_metric || c != ':'); };
    return !text.empty() && exposition::is_name_start(text.front()) && std::all_of(text.begin(), text.end(), fits);
  };
  const auto is_good = [&](const batch::Label& label) {
    return is_name(label.first, false) && (label.first != "__name__" || is_name(label.second, true));
  };
  if (std::all_of(labels_.begin(), labels_.end(), is_good)) return {};
  std::sort(labels_.begin(), labels_.end());
  std::string set;
  for (const auto& [name, value] : labels_)
    set.append(set.empty() ? "{" : ", ")
        .append(is_name(name, false) ? std::string(name) : promql::quote(name))
        .append("=")
        .append(promql::quote(value));
  return Error::invalid("invalid metric name or label names: " + set + "}");
}

Result<void> SeriesLabels::check_limits() const {
  const exposition::Limits& limits = options_.limits;
  const auto metric = [&] {
    const auto name =
        std::find_if(labels_.begin(), labels_.end(), [](const batch::Label& label) { return label.first == "__name__"; });
    return std::string(name->second);
  };
  if (limits.labels != 0 && labels_.size() > limits.labels)
    return Error(TARSIER_RESOURCE, "label_limit exceeded (metric: " + metric() + ", number of labels: " +
                                       std::to_string(labels_.size()) + ", limit: " + std::to_string(limits.labels) + ")");
  for (const auto& [name, value] : labels_) {
    if (limits.label_name_bytes != 0 && name.size() > limits.label_name_bytes)
      return Error(TARSIER_RESOURCE, "label_name_length_limit exceeded (metric: " + metric() +
                                         ", label name: " + std::string(name.substr(0, 100)) +
                                         ", limit: " + std::to_string(limits.label_name_bytes) + ")");
    if (limits.label_value_bytes != 0 && value.size() > limits.label_value_bytes)
      return Error(TARSIER_RESOURCE, "label_value_length_limit exceeded (metric: " + metric() + ", label name: " +
                                         std::string(name) + ", limit: " + std::to_string(limits.label_value_bytes) + ")");
  }
  return {};
}

}  // namespace tarsier::scrape
