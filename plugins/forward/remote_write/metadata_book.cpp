#include "plugins/forward/remote_write/metadata_book.hpp"

#include <array>
#include <snappy.h>
#include <span>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::forward {
namespace {

constexpr size_t kMaxBytes = size_t{16} << 20;
constexpr size_t kCostOfOne = 160;  // beside its texts

constexpr std::array<std::string_view, 3> kHistogram = {"_bucket", "_sum", "_count"};
constexpr std::array<std::string_view, 2> kSummary = {"_sum", "_count"};
constexpr std::array<std::string_view, 3> kGaugeHistogram = {"_bucket", "_gsum", "_gcount"};

/// "h" for "h_bucket" of a histogram, and what the metadata says.
std::string_view family_of(std::string_view metric, const SeriesMetadata& metadata) noexcept {
  if (metadata.name_tail != 0 && metadata.name_tail < metric.size()) return metric.substr(0, metric.size() - metadata.name_tail);
  const uint32_t type = metadata.type;
  std::span<const std::string_view> parts;
  if (type == TARSIER_SERIES_HISTOGRAM) parts = kHistogram;
  if (type == TARSIER_SERIES_SUMMARY) parts = kSummary;
  if (type == TARSIER_SERIES_GAUGE_HISTOGRAM) parts = kGaugeHistogram;
  for (const std::string_view part : parts)
    if (metric.size() > part.size() && metric.ends_with(part)) return metric.substr(0, metric.size() - part.size());
  return metric;
}

}  // namespace

void MetadataBook::learn(std::string_view metric, const SeriesMetadata& metadata) {
  const std::string_view name = family_of(metric, metadata);
  if (name.empty() || !metadata.any()) return;
  const auto found = families_.find(name);
  if (found != families_.end()) {
    Family& family = found->second;
    if (family.type == metadata.type && family.help == metadata.help && family.unit == metadata.unit) return;
    bytes_ -= family.help.size() + family.unit.size();
    bytes_ += metadata.help.size() + metadata.unit.size();
    family = {metadata.type, std::string(metadata.help), std::string(metadata.unit)};
    return;
  }
  const size_t cost = kCostOfOne + name.size() + metadata.help.size() + metadata.unit.size();
  if (bytes_ + cost > kMaxBytes) {
    ++left_out_;
    return;
  }
  bytes_ += cost;
  families_.emplace(name, Family{metadata.type, std::string(metadata.help), std::string(metadata.unit)});
}

std::vector<MetadataBook::Page> MetadataBook::pages(uint64_t families_each) const {
  std::vector<Page> pages;
  protobuf::WireWriter message, one;
  uint64_t families = 0;
  const auto end_page = [&] {
    if (families == 0) return;
    Page& page = pages.emplace_back();
    snappy::Compress(message.text().data(), message.text().size(), &page.body);
    page.families = std::exchange(families, 0);
    message.clear();
  };
  for (const auto& [name, family] : families_) {
    one.clear();
    one.varint(1, metric_type(family.type)).text(2, name).text(4, family.help).text(5, family.unit);
    message.message(3, one);
    if (++families == families_each) end_page();
  }
  end_page();
  return pages;
}

}  // namespace tarsier::forward
