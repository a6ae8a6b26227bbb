#include "gantry/jobs/archive_records.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gantry/archive/cid.hpp"
#include "gantry/archive/parse.hpp"

namespace gantry::jobs {
namespace {

using archive::Absence;
using archive::Component;
using archive::Role;
using exporters::pinax::EntitySource;

// Longer chains of merged entities are a circle, or as good as one.
constexpr std::size_t kMostMerges = 16;

bool concerns_all(const Error& error) {
  if (error.scope() == Scope::kRun) return true;
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kNoSpace:
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
    case ErrorCode::kUsage:
      return true;
    default:
      return false;
  }
}

// The same words whenever the same happens, for they become part of the document.
Absence failed(const Error& error) {
  return {Absence::Kind::kFailed, fmt::format("it could not be read ({})", to_string(error.code())),
          std::nullopt};
}
Absence missing() {
  return {Absence::Kind::kMissing, "the archive does not have it", std::nullopt};
}
Absence deleted() {
  return {Absence::Kind::kDeleted, "it was deleted from the archive", std::nullopt};
}

void count_content(const Component& component, ArchiveRecord& record) {
  if (archive::hash_of_content(component.cid)) {
    ++record.contents_verified;
  } else {
    ++record.contents_taken;
  }
}

// What `parse` makes of a text, or a fault.
template <class T>
std::optional<T> parsed(T (*parse)(std::string_view), const std::string& text,
                        const Component& component, ArchiveRecord& record) {
  std::optional<T> value;
  try {
    value = parse(text);
  } catch (const Error& error) {
    record.faults.push_back(error.in(component.key).message());
  }
  return value;
}

}  // namespace

async::awaitable<ArchiveRecord> ArchiveRecords::fetch(archive::Place place) {
  ArchiveRecord record{.place = std::move(place), .text = Spool(folder_)};
  std::optional<archive::Manifest> manifest;
  std::optional<Error> failure;
  try {
    manifest = co_await manifest_of(record);
    if (manifest) {
      record.children = manifest->children;
      archive::Record parts;
      parts.manifest = *manifest;
      parts.merged_from = record.merged_from;
      // On their way while the record is begun.
      Pages pages = ask_for_pages(*manifest);
      co_await add_parts(parts, record);
      co_await write(parts, std::move(pages), record);
    }
  } catch (const Error& error) {
    failure = error;
  }
  if (failure) {
    if (concerns_all(*failure)) throw *failure;
    Absence absence = failed(*failure);
    absence.manifest = manifest;
    record.error = manifest ? failure->in("entity " + manifest->pi.text()) : *failure;
    add_absence(record, std::move(absence));
  }
  co_return record;
}

// An absence is that of the entity that was asked for, wherever merges have led to.
void ArchiveRecords::add_absence(ArchiveRecord& record, Absence absence) {
  if (!absence.manifest && !record.merged_from.empty()) {
    archive::Pi asked_for = record.merged_from.front();
    record.place.path.back() = asked_for;
    record.error = record.error->in(fmt::format("entity {} was merged", asked_for.text()));
  }
  record.text.clear();
  record.faults.clear();
  record.text.append(format_.absence(absence, record.place));
  record.absence = std::move(absence);
}

async::awaitable<std::optional<archive::Manifest>> ArchiveRecords::manifest_of(
    ArchiveRecord& record) {
  while (true) {
    archive::Pi pi = record.place.pi();
    std::optional<archive::Entity> entity;
    std::optional<Error> unknown;
    try {
      entity = co_await engine_.arke().entity(pi, context_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound) throw;
      unknown = error;
    }
    if (unknown) {
      record.error = unknown;
      add_absence(record, missing());
      co_return std::nullopt;
    }
    if (auto* manifest = std::get_if<archive::Manifest>(&*entity)) co_return std::move(*manifest);
    if (std::holds_alternative<archive::Deleted>(*entity)) {
      record.error = Error(ErrorCode::kNotFound,
                           fmt::format("entity {}: it was deleted from the archive", pi.text()));
      add_absence(record, deleted());
      co_return std::nullopt;
    }
    record.merged_from.push_back(pi);
    if (record.merged_from.size() > kMostMerges) {
      throw Error(ErrorCode::kBadResponse,
                  fmt::format("into another one, and that again, and so on {} times", kMostMerges));
    }
    record.place.path.back() = std::get<archive::Merged>(*entity).into;
  }
}

async::awaitable<void> ArchiveRecords::add_parts(archive::Record& parts, ArchiveRecord& record) {
  std::vector<Component> wanted;
  auto want = [&](Role role) {
    if (const Component* component = parts.manifest.find(role)) wanted.push_back(*component);
  };
  want(Role::kPinax);
  want(Role::kDescription);
  bool is_mods = options_.format == ArchiveFormat::kMods;
  bool wants_graph_file = is_mods ? options_.graph != exporters::mods::Graph::kSkip
                                  : options_.entity_source == EntitySource::kCheimarros ||
                                        options_.entity_source == EntitySource::kBoth;
  if (wants_graph_file) want(Role::kCheimarros);
  if (parts.manifest.find(Role::kPinax) == nullptr) {
    record.faults.emplace_back("it has no pinax.json");
  }
  co_await take(std::move(wanted), parts, record);
  if (!is_mods) co_await add_graph(parts, record);
}

async::awaitable<void> ArchiveRecords::add_graph(archive::Record& parts, ArchiveRecord& record) {
  bool wants_graph = options_.entity_source == EntitySource::kGraph ||
                     options_.entity_source == EntitySource::kBoth;
  if (!wants_graph) co_return;
  parts.linked = co_await engine_.arke().linked(parts.manifest.pi, context_);
  const Component* file = parts.manifest.find(Role::kCheimarros);
  bool is_fallback_wanted = parts.linked.empty() && !parts.cheimarros && file != nullptr &&
                            options_.entity_source == EntitySource::kGraph;
  if (!is_fallback_wanted) co_return;
  std::vector<Component> wanted{*file};
  co_await take(std::move(wanted), parts, record);
}

async::awaitable<void> ArchiveRecords::take(std::vector<Component> components,
                                            archive::Record& parts, ArchiveRecord& record) {
  auto contents = co_await engine_.arke().contents(components, context_);
  for (std::size_t i = 0; i < components.size(); ++i) {
    const Component& component = components[i];
    auto text = engine_.arke().text_of(contents[i], component.key);
    if (!text) {
      record.faults.push_back(component.key + " is not on the gateway");
      continue;
    }
    count_content(component, record);
    switch (archive::role_of(component.key)) {
      case Role::kPinax:
        parts.pinax = parsed(archive::parse_pinax, *text, component, record);
        break;
      case Role::kCheimarros:
        parts.cheimarros = parsed(archive::parse_cheimarros, *text, component, record);
        break;
      default:
        parts.description = std::move(*text);
    }
  }
  if (!parts.pinax) co_return;
  for (const std::string& fault : parts.pinax->faults) {
    std::string text = "pinax.json: " + fault;
    bool is_new =
        std::find(record.faults.begin(), record.faults.end(), text) == record.faults.end();
    if (is_new) record.faults.push_back(std::move(text));
  }
}

ArchiveRecords::Pages ArchiveRecords::ask_for_pages(const archive::Manifest& manifest) {
  bool wants_them =
      options_.format == ArchiveFormat::kMods ||
      (options_.include_components && options_.component_types.contains(Role::kReference));
  std::vector<Component> references;
  for (const Component& component : manifest.components) {
    bool is_one = archive::role_of(component.key) == Role::kReference;
    if (is_one && wants_them) references.push_back(component);
  }
  Pages pages;
  if (!references.empty()) {
    pages.emplace(
        engine_.arke().stream(std::move(references), options_.references_ahead, context_));
  }
  return pages;
}

async::awaitable<void> ArchiveRecords::write(const archive::Record& parts, Pages pages,
                                             ArchiveRecord& record) {
  auto writer = format_.record(parts, record.place);
  co_await append(record, writer->begin());
  for (const Component& component : parts.manifest.components) {
    std::optional<archive::Reference> reference;
    if (pages && archive::role_of(component.key) == Role::kReference) {
      auto page = co_await pages->next();
      auto text = engine_.arke().text_of(page->item, component.key);
      if (text) {
        count_content(component, record);
        reference = parsed(archive::parse_reference, *text, component, record);
      } else {
        record.faults.push_back(component.key + " is not on the gateway");
      }
    }
    co_await append(record, writer->component(component, reference ? &*reference : nullptr));
  }
  co_await append(record, writer->end());
}

async::awaitable<void> ArchiveRecords::append(ArchiveRecord& record, std::string text) {
  if (record.text.has_room(text.size())) {
    record.text.append(text);
    co_return;
  }
  auto work = [&record, &text] { record.text.append(text); };
  co_await engine_.workers().run(work);
}

}  // namespace gantry::jobs
