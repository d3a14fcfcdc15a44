// How small a partition is and how fast it is written and read, on the data of the load generator:
//   bench_partition_size [SERIES [SCRAPES [DIRECTORY]]]      100000 series, 120 scrapes, a temporary directory
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "core/host/host_context.hpp"
#include "core/storage/storage.hpp"
#include "generator.hpp"
#include "plugins/storage/samples/merged_source.hpp"
#include "plugins/storage/samples/partition_index.hpp"
#include "plugins/storage/samples/partition_samples.hpp"
#include "plugins/storage/samples/partition_writer.hpp"
#include "plugins/storage/samples/summary_source.hpp"

namespace tarsier::samples::bench {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kBegin = 1'795'348'800'000'000'000;  // 2026-11-22T12:00

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "bench_partition_size: %s\n", result.error().message().c_str());
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "bench_partition_size: %s\n", result.error().message().c_str());
  std::exit(1);
}

/// What the samples plugin sees of a host that has a storage and nothing else.
class StorageHost {
 public:
  explicit StorageHost(const std::string& directory) : owner_("bench", "samples", true), host_(&raw_) {
    storage::StorageOptions options;
    options.data_dir = directory;
    options.min_free_bytes = 0;
    storage_ = must(storage::Storage::open(options));
    rooms_.storage = storage_.get();
    context_ = {&owner_, &rooms_};
    raw_ = {sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context_, nullptr};
    host_.storage = storage::storage_service();
    log_.size = sizeof(log_);
    log_.enabled = [](const tarsier_host*, tarsier_log_level) -> int32_t { return 0; };
    host_.log_service = &log_;
  }
  const Host& host() const noexcept { return host_; }

 private:
  std::unique_ptr<storage::Storage> storage_;
  tarsier::host::Owner owner_;
  tarsier::host::Rooms rooms_;
  tarsier::host::HostContext context_;
  tarsier_host raw_{};
  tarsier_log log_{};
  Host host_;
};

class GeneratedSource final : public SeriesSource {
 public:
  explicit GeneratedSource(const Load& load) : load_(load), series_(make_series(load)) {
    std::sort(series_.begin(), series_.end(), [](const auto& a, const auto& b) { return a.labels < b.labels; });
  }
  Result<bool> next() override {
    if (next_ == series_.size()) return false;
    labels_.clear();
    for (const auto& [name, value] : series_[next_].labels) labels_.emplace_back(name, value);
    ++next_;
    return true;
  }
  Labels labels() const override { return labels_; }
  Result<void> samples(Columns& out) override {
    make_samples(load_, series_[next_ - 1], out.times, out.values);
    return {};
  }
  /// What making all of it costs, so that it can be taken off. Begins anew afterwards.
  double cost() {
    const double begun = cpu_seconds();
    Columns columns;
    while (must(next())) {
      columns.clear();
      must(samples(columns));
    }
    next_ = 0;
    return cpu_seconds() - begun;
  }

 private:
  const Load load_;
  std::vector<GeneratedSeries> series_;
  std::vector<Label> labels_;
  size_t next_ = 0;
};

void print_tables(const Partition& partition) {
  const auto snapshot = must(partition.env().read());
  std::vector<std::string_view> tables = {kInfoTable, kSymbolsTable, kPostingsTable, kSeriesTable, kChunksTable};
  if (partition.info().cover.tier_ns != 0) tables.insert(tables.end(), kSummaryTables.begin(), kSummaryTables.end());
  for (const std::string_view table : tables) {
    auto cursor = must(snapshot.cursor(table));
    uint64_t values = 0, bytes = 0, pages = 0;
    for (auto entry = cursor.next(); entry; entry = cursor.next()) {
      ++values;
      bytes += entry->value.size();
      const uint64_t kept = entry->value.size() + TARSIER_VALUE_OVERHEAD;
      pages += entry->value.size() > TARSIER_SMALL_VALUE ? (kept + 4095) / 4096 * 4096 : kept;
    }
    std::printf("  %-9s %6lu values %10lu bytes, about %10lu on the disk\n", std::string(table).c_str(), values, bytes, pages);
  }
}

/// Every sample once, in order, as a query reads them; the sum keeps the compiler honest.
void read_all(const Partition& partition) {
  const double begun = cpu_seconds();
  auto reader = must(PartitionSamples::open(partition, INT64_MIN, INT64_MAX));
  Columns columns;
  uint64_t samples = 0;
  double sum = 0;
  for (uint32_t series = 0; series < partition.info().series; ++series) {
    columns.clear();
    must(reader.read(series, columns));
    samples += columns.size();
    sum += columns.values.back();
  }
  const double spent = cpu_seconds() - begun;
  std::printf("read: %.1f M samples/s (sum of last values %.6g)\n", static_cast<double>(samples) / spent / 1e6, sum);
}

/// The decoder alone: blocks are unpacked once and read several times.
void decode_all(const Partition& partition) {
  const auto snapshot = must(partition.env().read());
  auto cursor = must(snapshot.cursor(kChunksTable));
  Unpacker unpacker;
  SampleBlock block;
  Columns columns;
  uint64_t samples = 0;
  double spent = 0, unpacking = 0;
  for (auto entry = cursor.next(); entry; entry = cursor.next()) {
    const double begun = cpu_seconds();
    must(block.open(as_bytes(entry->value), unpacker));
    const double unpacked = cpu_seconds();
    unpacking += unpacked - begun;
    constexpr int kRounds = 5;
    for (int round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < block.series_count(); ++i) {
        columns.clear();
        must(block.read(i, INT64_MIN, INT64_MAX, columns));
        samples += columns.size();
      }
    }
    spent += (cpu_seconds() - unpacked) / kRounds;
  }
  const double once = static_cast<double>(samples) / 5e6;
  std::printf("decode: %.1f M samples/s; unpack and parse: %.1f M samples/s\n", once / spent, once / unpacking);
}

/// The partition of the next tier, and what one of its summaries takes.
std::shared_ptr<Partition> sum_up(const Host& host, const std::shared_ptr<Partition>& partition, int64_t every_ns) {
  Cover cover = partition->info().cover;
  cover.tier_ns = every_ns;
  const double begun = cpu_seconds();
  auto source = must(MergedSource::open({partition}, std::make_shared<DeletionList::element_type>(), {}));
  SummarySource summaries(*source, every_ns);
  (void)must(PartitionWriter(host, 24 * kHour, Packer::kSmall).write(cover, summaries));
  const double spent = cpu_seconds() - begun;
  auto tier = must(Partition::open(host, partition_name(cover)));
  const auto rows = static_cast<double>(tier->info().samples);
  std::printf("tier of %s: %.0f summaries: %lu bytes, %.3f B/summary, %.1f B/series; made at %.1f M samples/s\n",
              span_text(static_cast<uint64_t>(every_ns)).c_str(), rows, tier->file_bytes(),
              static_cast<double>(tier->file_bytes()) / rows,
              static_cast<double>(tier->file_bytes()) / static_cast<double>(tier->info().series),
              static_cast<double>(partition->info().samples) / spent / 1e6);
  print_tables(*tier);
  read_all(*tier);
  return tier;
}

void find_some(const std::shared_ptr<Partition>& partition) {
  for (const auto& [name, value] : {std::pair{"__name__", "node_load1"}, std::pair{"instance", "host-7.prod.example.net:9100"}}) {
    const double begun = cpu_seconds();
    constexpr int kRounds = 20;
    size_t found = 0;
    for (int round = 0; round < kRounds; ++round) {
      auto index = must(PartitionIndex::open(partition));
      auto matcher = must(Matcher::compile(TARSIER_MATCH_EQUAL, name, value));
      const IdSet ids = must(match(*index, std::span(&matcher, 1)));
      std::vector<Label> labels;
      for (const uint32_t id : ids) must(index->labels(id, labels));
      found = ids.size();
    }
    std::printf("find %s=\"%s\": %zu series in %.0f us\n", name, value, found, (cpu_seconds() - begun) / kRounds * 1e6);
  }
}

void run(const Load& load, const std::string& directory) {
  StorageHost host(directory);
  GeneratedSource source(load);
  const int64_t windows = 1 + load.scrapes * load.step_ms / (2 * kHour / 1'000'000);
  const Cover cover = {kBegin, kBegin + windows * 2 * kHour, 1, 1};
  const double cost = source.cost();
  const double begun = cpu_seconds();
  (void)must(PartitionWriter(host.host(), 2 * kHour).write(cover, source));
  const double spent = cpu_seconds() - begun - cost;
  const auto partition = must(Partition::open(host.host(), partition_name(cover)));
  const auto samples = static_cast<double>(partition->info().samples);
  const auto series = static_cast<double>(partition->info().series);
  std::printf("%.0f series, %.0f samples, %lu blocks: %lu bytes, %.3f B/sample, %.1f B/series\n", series, samples,
              partition->info().blocks, partition->file_bytes(), static_cast<double>(partition->file_bytes()) / samples,
              static_cast<double>(partition->file_bytes()) / series);
  print_tables(*partition);
  std::printf("write: %.1f M samples/s\n", samples / spent / 1e6);
  read_all(*partition);
  decode_all(*partition);
  find_some(partition);
  const auto tier = sum_up(host.host(), partition, kHour / 12);
  (void)sum_up(host.host(), tier, kHour);
}

}  // namespace
}  // namespace tarsier::samples::bench

int main(int count, char** arguments) {
  tarsier::samples::bench::Load load;
  load.start_ms = tarsier::samples::bench::kBegin / 1'000'000;
  if (count > 1) load.series = std::strtoull(arguments[1], nullptr, 10);
  if (count > 2) load.scrapes = std::strtoll(arguments[2], nullptr, 10);
  std::string directory = count > 3 ? arguments[3] : (std::filesystem::temp_directory_path() / "tarsier-bench-XXXXXX").string();
  if (count <= 3 && ::mkdtemp(directory.data()) == nullptr) return 1;
  tarsier::samples::bench::run(load, directory);
  if (count <= 3) std::filesystem::remove_all(directory);
  return 0;
}
