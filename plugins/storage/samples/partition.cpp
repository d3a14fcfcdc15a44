#include "partition.hpp"

#include <array>
#include <charconv>
#include <ctime>

namespace tarsier::samples {
namespace {

constexpr uint8_t kFormat = 1;
constexpr std::string_view kPrefix = "samples/";

}  // namespace

void PartitionInfo::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.svarint(window_start);
  writer.svarint(min_time);
  writer.svarint(max_time);
  writer.varint(series);
  writer.varint(samples);
  writer.varint(symbols);
  writer.varint(label_pairs);
  writer.varint(blocks);
  writer.varint(names.size());
  for (const uint32_t name : names) writer.varint(name);
}

Result<PartitionInfo> PartitionInfo::decode(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (in.ok() && format != kFormat) {
    return Error{TARSIER_UNSUPPORTED, "partition of format " + std::to_string(format) + ", known is " + std::to_string(kFormat)};
  }
  PartitionInfo info;
  info.window_start = in.svarint();
  info.min_time = in.svarint();
  info.max_time = in.svarint();
  info.series = in.count(0);
  info.samples = in.varint();
  info.symbols = in.count(0);
  info.label_pairs = in.varint();
  info.blocks = in.varint();
  info.names.resize(static_cast<size_t>(in.count(1)));
  for (uint32_t& name : info.names) name = static_cast<uint32_t>(in.count(0));
  if (!in.ok()) return Error{TARSIER_CORRUPT, "partition head is malformed"};
  return info;
}

std::string partition_name(int64_t window_start, uint64_t journal) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const int64_t rest = window_start % kNsPerSecond;
  const std::time_t seconds = window_start / kNsPerSecond - (rest < 0 ? 1 : 0);
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  std::array<char, 32> text{};
  const size_t size =
      std::strftime(text.data(), text.size(), calendar.tm_sec == 0 ? "%Y-%m-%dT%H%M" : "%Y-%m-%dT%H%M%S", &calendar);
  return std::string(kPrefix) + std::string(text.data(), size) + "." + std::to_string(journal);
}

bool parse_partition_name(std::string_view name, uint64_t& journal) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.front() < '0' || name.front() > '9') return false;
  const auto [end, error] = std::from_chars(name.data() + dot + 1, name.data() + name.size(), journal);
  return error == std::errc() && end == name.data() + name.size();
}

Result<std::shared_ptr<Partition>> Partition::open(const Host& host, const std::string& name) {
  auto partition = std::make_shared<Partition>(host, name);
  auto env = open_env(host, name, TARSIER_ENV_SEALED);
  if (!env) return std::move(env).error().in("open " + name);
  partition->env_ = std::move(*env);
  auto snapshot = partition->env_.read();
  if (!snapshot) return std::move(snapshot).error().in("open " + name);
  auto value = snapshot->get(kInfoTable, kInfoTable);
  if (!value) return std::move(value).error().in("open " + name);
  auto info = PartitionInfo::decode(as_bytes(*value));
  if (!info) return std::move(info).error().in("open " + name);
  partition->info_ = std::move(*info);
  auto stat = partition->env_.stat();
  if (!stat) return std::move(stat).error().in("open " + name);
  partition->file_bytes_ = stat->file_bytes;
  return partition;
}

Partition::~Partition() {
  env_.close();
  if (!doomed_) return;
  if (auto removed = remove_env(host_, name_); !removed) {
    host_.warn("a partition past its retention could not be removed; it is tried again after a restart",
               {field("partition", name_), field("error", removed.error().message())});
  }
}

}  // namespace tarsier::samples
