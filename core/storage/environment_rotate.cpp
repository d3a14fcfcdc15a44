// Rotation: what an environment holds becomes a sealed one, and the environment goes on with an empty file. The steps, each of
// which may be the last one before a crash; data_dir.cpp finishes or forgets what was begun:
//   1. everything is committed and synced, and LMDB's own meta pages lead (no sync mark)
//   2. the note "sealed" of the target, then "rotating" here with the target's name
//   3. the data file gets its second name in the target: from here on the rotation counts
//   4. an empty data file, made elsewhere, takes the name here
//   5. "rotating" is removed
#include <cerrno>
#include <lmdb.h>
#include <unistd.h>

#include "core/storage/data_dir.hpp"
#include "core/storage/environment.hpp"
#include "core/storage/files.hpp"
#include "core/storage/sealed_note.hpp"

namespace tarsier::storage {

Result<void> Environment::rotate(const std::string& to_name, const std::string& to_dir) {
  if (sealed()) return Error::invalid("environment " + name() + " is sealed: it cannot rotate");
  if (removed_) return Error::not_found("environment " + name() + " was removed");
  if (on_writer_thread()) return Error::invalid("rotate is not for the writer thread");
  auto done = run_on_writer([&]() -> Result<void> { return rotate_on_writer(to_name, to_dir); });
  if (!done) return std::move(done).error().in("rotate environment " + name() + " to " + to_name);
  return done;
}

Result<void> Environment::rotate_on_writer(const std::string& to_name, const std::string& to_dir) {
  if (file_exists(to_dir + "/data.mdb")) return Error::invalid("it exists already");
  if (auto ok = prepare_to_write(); !ok) return ok;
  if (mark_) {
    if (auto ok = end_interval(); !ok) return ok;
  }
  // The empty file is made before anything changes, as this is what a full disk refuses.
  auto fresh = make_fresh_file(shared_.options.data_dir, name(), shared_.options.map_bytes);
  if (!fresh) return std::move(fresh).error();
  Result<void> done = link_as_sealed(to_name, to_dir);
  if (done) done = switch_to(std::move(*fresh));
  if (done) return finish_rotation(dir());
  fresh->reset();
  give_up_rotation(to_dir, done.error());
  return done;
}

/// One file under two names must not be written: either the second goes, or nothing is written until the disk works again and
/// repair() brings to its end what was begun. So it is, too, when the file here is the fresh one already: the other name is then
/// the only one of all that was written.
void Environment::give_up_rotation(const std::string& to_dir, const Error& why) {
  const std::string target = to_dir + "/data.mdb";
  const auto linked = is_there(target);
  bool undone = linked && !*linked;
  if (!undone && same_file(target, dir() + "/data.mdb")) undone = remove_file(target).ok() && sync_directory(to_dir).ok();
  if (undone && remove_tree(fresh_file_dir(shared_.options.data_dir, name())).ok() && finish_rotation(dir()).ok()) return;
  if (!undone) known_file_bytes_ = 0;  // the target has them
  rotation_broke_off_ = true;
  panicked_ = true;
  broke(why);
}

Result<void> Environment::switch_to(std::shared_ptr<LmdbFile> fresh) {
  if (auto ok = adopt_fresh_file(fresh_file_dir(shared_.options.data_dir, name()), dir()); !ok) return ok;
  shared_.budget.add(static_cast<int64_t>(fresh->file_bytes()));
  known_file_bytes_ = fresh->file_bytes();
  used_bytes_ = 0;
  set_file(std::move(fresh));
  return {};
}

Result<void> Environment::link_as_sealed(const std::string& to_name, const std::string& to_dir) {
  const std::string data_file = dir() + "/data.mdb";
  if (::fsync(file()->data_fd()) != 0) return system_error(errno, "sync " + data_file);
  if (auto ok = make_directories(to_dir); !ok) return ok;
  if (auto note = write_sealed_note(to_dir, data_file); !note) return std::move(note).error();
  if (auto ok = sync_directory(to_dir); !ok) return ok;
  if (auto ok = begin_rotation(dir(), to_name); !ok) return ok;
  if (::link(data_file.c_str(), (to_dir + "/data.mdb").c_str()) != 0) return system_error(errno, "link " + to_dir + "/data.mdb");
  return sync_directory(to_dir);
}

}  // namespace tarsier::storage
