//! CVE records in JSON 5 (<https://github.com/CVEProject/cve-schema>), as far as they are used.

use serde::Deserialize;

/// What is used of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// CVE id.
    pub(super) id: String,
    /// Whether it was published; a rejected one is no bug.
    pub(super) published: bool,
    /// Title.
    pub(super) title: Option<String>,
    /// Description: the fix's commit message, mostly.
    pub(super) description: String,
    /// Source files, each once, in the order of the record.
    pub(super) files: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "cveMetadata")]
    metadata: Metadata,
    containers: Containers,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "cveId")]
    id: String,
    state: String,
}

#[derive(Deserialize)]
struct Containers {
    cna: Cna,
}

#[derive(Deserialize)]
struct Cna {
    title: Option<String>,
    #[serde(default)]
    descriptions: Vec<Description>,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Description {
    lang: String,
    value: String,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default, rename = "programFiles")]
    files: Vec<String>,
}

impl Record {
    /// Reads a record; the error tells line and column.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let Document { metadata, containers: Containers { cna } } = serde_json::from_slice(json)?;
        let description = cna.descriptions.into_iter().find(|text| text.lang.starts_with("en"));
        let mut files: Vec<String> = Vec::new();
        for file in cna.affected.into_iter().flat_map(|affected| affected.files) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        Ok(Self {
            id: metadata.id,
            published: metadata.state == "PUBLISHED",
            title: cna.title,
            description: description.map(|text| text.value).unwrap_or_default(),
            files,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn files_of_all_products_are_taken_once_and_unknown_fields_are_ignored() {
        let json = r#"{"dataType": "CVE_RECORD", "cveMetadata": {"cveId": "CVE-2024-1", "state": "PUBLISHED"}, "containers": {"cna": {
            "title": "t", "descriptions": [{"lang": "de", "value": "x"}, {"lang": "en", "value": "d"}],
            "affected": [{"programFiles": ["a.c", "b.c"]}, {"programFiles": ["b.c", "c.h"], "versions": []}, {}]}}}"#;
        let expected = Record {
            id: "CVE-2024-1".into(),
            published: true,
            title: Some("t".into()),
            description: "d".into(),
            files: ["a.c", "b.c", "c.h"].map(str::to_owned).to_vec(),
        };
        assert_eq!(Record::parse(json.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_rejected_record_needs_no_more_than_its_id() {
        let json = r#"{"cveMetadata": {"cveId": "CVE-2024-2", "state": "REJECTED"}, "containers": {"cna": {}}}"#;
        assert!(!Record::parse(json.as_bytes()).unwrap().published);
    }

    #[test]
    fn the_error_of_a_malformed_record_has_its_line() {
        let error = Record::parse(b"{\"cveMetadata\":\n {]}").unwrap_err();
        assert_eq!(error.line(), 2);
    }
}
